console.log(`An hour is ${require("ms")("1h")} ms.`);
