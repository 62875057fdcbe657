/** A value of `mirror.toml`. */
export type TomlValue = string | number | boolean | readonly string[];

/**
 * Returns `name = value` as TOML with a trailing newline. A list has a line for each member. `name` must be a bare key.
 */
export function renderTomlSetting(name: string, value: TomlValue): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `${name} = ${value}\n`;
  if (typeof value === 'string') return `${name} = ${tomlString(value)}\n`;
  return `${name} = [\n${value.map((text) => `  ${tomlString(text)},\n`).join('')}]\n`;
}

/** Returns a TOML string. JSON strings are valid TOML, except that TOML allows neither DEL nor lone surrogates. */
function tomlString(text: string): string {
  return JSON.stringify(text.replace(/\p{Cs}/gu, '\ufffd')).replaceAll('\x7f', '\\u007f');
}
