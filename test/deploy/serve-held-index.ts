/**
 * Serves an index that lets whoever asks wait, until there is the file FOLDER/released: `serve-held-index.ts PORT
 * FOLDER`. The lines for mirror.toml, `asked`, and `told` at each notice, are files in the folder.
 */
import { existsSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHeldIndex } from './held-index.ts';

const [port = '', folder = ''] = process.argv.slice(2);
const index = await openHeldIndex(Number(port), () => writeFileSync(join(folder, 'told'), ''));
watch(folder, () => existsSync(join(folder, 'released')) && index.release());
writeFileSync(join(folder, 'settings'), index.settings);
await index.asked;
writeFileSync(join(folder, 'asked'), '');
