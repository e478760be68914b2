export const INTRODUCTION = `# Errors

Three kinds of error, and no other:

- a **refusal** says which fact forbids what was asked; it is a value that a decider returns;
- a **fault** says that the world failed an adapter: the disk is full, a key file is wrong; it is thrown, with a code;
- anything else is a **bug**: 500, a fixed text, and an id that the log knows more under.

Under \`/fhir\` every error is an OperationOutcome: \`issue.code\` is the issue type below
([FHIR's own](http://hl7.org/fhir/R4/valueset-issue-type.html)), \`issue.diagnostics\` the text, \`issue.expression\` the
place in what was sent. Everywhere else it is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):
\`type\` is \`urn:anamnesis:problem:<code>\`, and \`code\`, \`title\`, \`status\` and \`correlation\` stand beside it.
\`X-Request-Id\` of every answer is the id that the logs, the traces and the access records know the request by.

Texts are constants. No error repeats what a client sent, and none carries patient data.`;

export const REFUSALS_TEXT = `Of the records and their workflows; told under \`/fhir\`, and by \`POST /api/patients/{id}/merge\` and \`unmerge\`
(422, but for \`not-found\`, 404).`;

export const COMPLIANCE_TEXT = 'Told under `/admin/erasures` and `/admin/holds`.';

export const FAULTS_TEXT = `A fault under \`/fhir\` is told by its own sentence, which may be more exact than the one below. \`Retry-After\` is sent
where the same request may succeed later.`;

export const JSON_TEXT = `A body that is no JSON as FHIR wants it. The code itself is not sent: the text is, with line and column.`;

export const PATCH_TEXT = `The code itself is not sent: the text is.`;

export const VALIDATION_TEXT = `A resource that is not as R4 has it answers 422 with every fault found and its FHIRPath; the code itself is not sent.
[validation.md](validation.md) says what is checked.`;

export const SEARCH_TEXT = `## Search

A query that cannot be answered is 400 with the parameter in \`expression\` (\`http.<parameter>\`): issue types \`invalid\`,
\`value\`, \`not-supported\`, \`not-found\`, \`too-costly\`, \`processing\`. A parameter that the type does not have is refused,
unless \`Prefer: handling=lenient\` asks to ignore it; then the search set says how many were ignored. A position that is not reached
in time answers 504, \`timeout\`.`;

export const EXITS_TEXT = `## Exit codes

Of \`anamnesis\`: 0 done · 1 a check failed, or the record refused what was asked · 2 wrong usage · 3 the record is
unavailable. Of \`npm start\` (sysexits.h): 64 wrong usage · 69 it could not start, and why · 78 the configuration has
faults, each named.`;
