/** Follows a reference inside the document. */
export function resolve(spec, node) {
  if (!node?.$ref) return node ?? {};
  const found = node.$ref.slice(2).split("/").reduce((at, step) => at?.[step], spec) ?? {};
  const { $ref, ...beside } = node;
  return resolve(spec, { ...found, ...beside });
}

/** A value that fits the schema, to begin with. */
export function example(spec, given, depth = 0) {
  const schema = resolve(spec, given);
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const [first] = schema.anyOf ?? [];
  if (first) return schema.anyOf.some((one) => one.type === "null") ? null : example(spec, first, depth);
  if (schema.type === "object" && depth < 6) {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, example(spec, one, depth + 1)]));
  }
  return { array: [], string: "", integer: 1, number: 0.5, boolean: false }[schema.type] ?? null;
}

/** The schema as people read it: one line per field, its type, what it means. */
export function shape(spec, given, indent = "", seen = []) {
  const name = given.$ref;
  if (name && seen.includes(name)) return "…";
  const schema = resolve(spec, given);
  const inside = name ? [...seen, name] : seen;
  if (schema.type === "array") return `[ ${shape(spec, schema.items ?? {}, indent, inside)} ]`;
  if (schema.type === "object" && schema.properties) {
    const deeper = `${indent}  `;
    const lines = Object.entries(schema.properties).map(([field, one]) => {
      const meaning = one.description ? `  — ${one.description.replaceAll("`", "")}` : "";
      return `${deeper}${field}: ${shape(spec, one, deeper, inside)}${meaning}`;
    });
    return `{\n${lines.join("\n")}\n${indent}}`;
  }
  if (schema.anyOf) return schema.anyOf.map((one) => shape(spec, one, indent, inside)).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "object") return `{ any: ${schema.additionalProperties ? shape(spec, schema.additionalProperties, indent, inside) : "value"} }`;
  return schema.format ?? schema.type ?? "value";
}
