import prettyMs from "pretty-ms";

const started = process.hrtime.bigint();

/** How long the process has run, in words. */
export const uptime = () => prettyMs(Number((process.hrtime.bigint() - started) / 1_000_000n), { verbose: true });
