/** Power cuts in the middle of everything that the programs do. */
import { rmSync } from 'node:fs';
import t from 'tap';
import { rounds, seededRandom } from './options.ts';
import { cutEverywhere, record, sceneOfUpdate, scenes, skip, sufferPowerCuts } from './power-scenes.ts';

/** Few rounds try each so manieth step only. */
const stride = Math.max(1, Math.round(200 / rounds(1)));

for (const [name, open] of Object.entries(scenes)) {
  t.test(`the power fails while ${name}`, { skip }, async (t) => {
    await sufferPowerCuts(t, await open(t), stride, rounds(0.08));
  });
}

t.test('a program that flushes nothing is found out', { skip }, async (t) => {
  const scene = await sceneOfUpdate(t);
  const { traces, ...recorded } = await record(t, scene);
  const lazy = traces.map((steps) => steps.filter(({ kind }) => kind !== 'flush' && kind !== 'flush all'));
  const problems: string[] = [];
  await cutEverywhere({ ...recorded, traces: lazy }, stride, seededRandom('lazy'), async (target) => {
    problems.push(...(await scene.faults(target)));
    rmSync(target, { recursive: true });
  });
  t.not(problems.length, 0);
});
