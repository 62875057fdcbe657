/** The table of sidecars: each kind is named, known, missed and verified by its row alone. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { sha256Hex } from '../../src/core/hash.ts';
import { ownerOfSidecar, pathByHash, sidecarPath, type WebPath, withSidecars } from '../../src/core/paths.ts';
import {
  heldSidecars,
  missingSidecars,
  type SidecarFacts,
  type SidecarKind,
  sidecarKinds,
  sidecars,
  withoutSidecars,
} from '../../src/core/sidecars.ts';

const right: Readonly<Record<SidecarKind, Buffer>> = {
  metadata: Buffer.from('Metadata-Version: 2.1\n'),
  provenance: Buffer.from('{"version":1}'),
};
const all: SidecarFacts = { metadataSha256: sha256Hex(right.metadata), provenance: true };
const file = pathByHash('a'.repeat(64), 'pkg-1.0.zip') as WebPath;

for (const kind of sidecarKinds) {
  const row = sidecars[kind];
  t.test(`${kind}: is held until it is gone`, async (t) => {
    t.ok(row.isHeld(all));
    const left = withoutSidecars(all, [kind]);
    t.notOk(row.isHeld(left));
    t.same(missingSidecars(left), [kind]);
    t.same(
      heldSidecars(left),
      sidecarKinds.filter((other) => other !== kind),
    );
  });

  t.test(`${kind}: is right, or it is said what is expected`, async (t) => {
    t.equal(row.differenceOf(right[kind], all), undefined);
    t.match(row.differenceOf(Buffer.from('{"half":'), all), { expected: String, found: String });
  });

  t.test(`${kind}: its path leads back to its file`, async (t) => {
    const path = sidecarPath(file, kind);
    t.equal(path, `${file}${row.suffix}`);
    t.same(ownerOfSidecar(path), { file, kind });
    t.ok(withSidecars(file).includes(path));
  });

  t.test(`${kind}: Apache has a rule for it`, async (t) => {
    const conf = readFileSync('apache/pep381client.conf', 'utf8');
    t.match(conf, new RegExp(`<FilesMatch "\\\\${row.suffix}\\$">`));
  });
}

t.test('a file itself is no sidecar', async (t) => {
  t.equal(ownerOfSidecar(file), undefined);
  t.equal(withSidecars(file)[0], file);
});
