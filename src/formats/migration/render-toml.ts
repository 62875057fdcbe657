/** A value of `mirror.toml`. */
export type TomlValue = string | number | boolean | readonly string[];

/** `name = value` as TOML, with a newline at its end; a list has a line for each member. `name` is a bare key. */
export function renderTomlSetting(name: string, value: TomlValue): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `${name} = ${value}\n`;
  if (typeof value === 'string') return `${name} = ${tomlString(value)}\n`;
  return `${name} = [\n${value.map((text) => `  ${tomlString(text)},\n`).join('')}]\n`;
}

/** JSON's strings are TOML's, but for two things: TOML takes neither DEL nor half a pair of surrogates. */
function tomlString(text: string): string {
  return JSON.stringify(text.replace(/\p{Cs}/gu, '\ufffd')).replaceAll('\x7f', '\\u007f');
}
