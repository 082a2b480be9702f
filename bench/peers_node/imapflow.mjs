// Bring in a whole mailbox with imapflow and mailparser: one JSON file a mail.
import { ImapFlow } from "imapflow";
import { simpleParser } from "mailparser";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const { BENCH_HOST, BENCH_PORT, BENCH_USER, BENCH_PASSWORD, BENCH_FOLDER } = process.env;
const client = new ImapFlow({
  host: BENCH_HOST,
  port: Number(BENCH_PORT),
  secure: true,
  auth: { user: BENCH_USER, pass: BENCH_PASSWORD },
  logger: false,
});
await client.connect();
const lock = await client.getMailboxLock("INBOX", { readOnly: true });
try {
  for await (const { uid, source } of client.fetch("1:*", { uid: true, source: true })) {
    const mail = await simpleParser(source);
    const kept = {
      subject: mail.subject,
      from: mail.from?.text,
      date: mail.date,
      text: mail.text,
      html: mail.html,
      attachments: mail.attachments.map(({ filename, size }) => ({ filename, size })),
    };
    await writeFile(join(BENCH_FOLDER, `${uid}.json`), JSON.stringify(kept));
    await writeFile(join(BENCH_FOLDER, `${uid}.eml`), source);
  }
} finally {
  lock.release();
  await client.logout();
}
