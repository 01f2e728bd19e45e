// Reads an AsyncAPI document on stdin; prints what the AsyncAPI project's own parser has to say about it.
const { Parser } = require("@asyncapi/parser");
const { readFileSync } = require("node:fs");

new Parser().parse(readFileSync(0, "utf8")).then(({ document, diagnostics }) => {
  console.log(
    JSON.stringify({
      diagnostics: diagnostics.map((d) => ({ severity: d.severity, code: d.code, at: d.path.join("."), message: d.message })),
      messages: document ? document.allMessages().all().map((m) => m.id()) : null,
    }),
  );
});
