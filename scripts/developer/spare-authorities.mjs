/**
 * Takes NODE_EXTRA_CA_CERTS out of the environment of the tests. Node reads the authorities in that file at each start,
 * which takes longer than all else of a start, and the tests start thousands of programs, which meet no server but
 * theirs. npm, which a few tests start, gets the file as its own setting.
 */
export function spareAuthorities() {
  const { NODE_EXTRA_CA_CERTS: file } = process.env;
  if (file === undefined) return;
  process.env.npm_config_cafile ??= file;
  delete process.env.NODE_EXTRA_CA_CERTS;
}
