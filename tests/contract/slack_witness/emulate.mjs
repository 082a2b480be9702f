// Starts the Slack service of the npm package `emulate`: node emulate.mjs PORT SEED_JSON
import { createEmulator } from "emulate";

const [port, seed] = process.argv.slice(2);
await createEmulator({
  service: "slack",
  port: Number(port),
  hostname: "127.0.0.1",
  baseUrl: `http://127.0.0.1:${port}`,
  seed: JSON.parse(seed),
});
console.log("ready");
