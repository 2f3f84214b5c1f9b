import { createServer } from "node:http";
import { uptime } from "clock";
import ms from "ms";

const port: number = Number(process.env.PORT ?? 3000);

createServer((_, response) => response.end(`Up for ${uptime()}, and an hour is ${ms("1h")} ms.\n`)).listen(port);
