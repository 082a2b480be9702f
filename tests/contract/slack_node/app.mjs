// A small app made of Slack's own Bolt for JavaScript: node app.mjs PORT API_URL TOKEN SECRET [APP_TOKEN]
// With an app token it comes in Socket Mode, and PORT is not used.
import bolt from "@slack/bolt";

const [port, slackApiUrl, token, signingSecret, appToken] = process.argv.slice(2);
const way = appToken ? { socketMode: true, appToken } : { signingSecret, endpoints: "/slack/events" };
const app = new bolt.App({
  token, ...way, logLevel: bolt.LogLevel.ERROR,
  clientOptions: { slackApiUrl, retryConfig: { retries: 0 } },
});
const say = (what) => console.log(JSON.stringify(what));

app.action("assign", async ({ ack, body, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `assigned to ${body.user.name}` });
});
app.action("reply", async ({ ack, body, client }) => {
  await ack();
  const words = (text) => ({ type: "plain_text", text });
  await client.views.open({
    trigger_id: body.trigger_id,
    view: {
      type: "modal", callback_id: "form", title: words("Reply"), submit: words("Send"),
      blocks: [{ type: "input", block_id: "body", label: words("Text"), element: { type: "plain_text_input", action_id: "text" } }],
    },
  });
});
app.view("form", async ({ ack, view }) => {
  const text = view.state.values.body.text.value;
  await ack(text === "rude" ? { response_action: "errors", errors: { body: "Be kind." } } : undefined);
});
app.message(async ({ message }) => {
  if (!message.subtype) say({ text: message.text, thread: message.thread_ts });
});

await app.start(Number(port));
const posted = await app.client.chat.postMessage({
  channel: "support", text: "A mail",
  blocks: [{
    type: "actions",
    elements: ["assign", "reply"].map((id) => ({ type: "button", action_id: id, text: { type: "plain_text", text: id } })),
  }],
});
const { file } = await app.client.files.info({
  file: (await app.client.filesUploadV2({ channel_id: posted.channel, filename: "a.eml", content: "bytes" })).files[0].files[0].id,
});
let names = [];
for await (const page of app.client.paginate("conversations.list", { types: "public_channel,private_channel", limit: 2 })) {
  names = names.concat(page.channels.map((channel) => channel.name));
}
say({ ready: true, ts: posted.ts, file: file.name, names });
