/** How 1.5 shortened user agents: browsers and setuptools of its time; what it did not know stayed as it was. */

/** The short form of `agent`. Each rule needs one pass, where 1.5's regular expressions needed the cube of the length. */
export function reducedBy15(agent: string): string {
  return (
    urllib(agent) ??
    setuptools(agent) ??
    (agent.startsWith('Mozilla') ? safari(agent) : undefined) ??
    googlebot(agent) ??
    msnbot(agent) ??
    mozilla(agent) ??
    agent
  );
}

function urllib(agent: string): string | undefined {
  return /^Python-urllib\/[23]\.[0-9]$/.test(agent) ? agent : undefined;
}

/** The last ` setuptools/` before a digit and a dot. */
function setuptools(agent: string): string | undefined {
  const word = ' setuptools/';
  for (let at = agent.lastIndexOf(word); at >= 0; at = at === 0 ? -1 : agent.lastIndexOf(word, at - 1)) {
    const version = agent.slice(at + word.length);
    if (/^[0-9]\./.test(version)) return `setuptools/${version}`;
  }
  return undefined;
}

/** From the last ` Version/` that a ` Safari/` follows, to the last ` Safari/`; a word must stand before. */
function safari(agent: string): string | undefined {
  const end = agent.lastIndexOf(' Safari/');
  const start = end < 0 ? -1 : agent.lastIndexOf(' Version/', end - ' Version/'.length);
  const space = agent.indexOf(' ', 'Mozilla'.length);
  if (start < 0 || space < 0 || space >= start) return undefined;
  return `Safari/${agent.slice(start + ' Version/'.length, end)}`;
}

function googlebot(agent: string): string | undefined {
  const start = agent.indexOf('Googlebot-Mobile/');
  const end = agent.lastIndexOf(';');
  return start < 0 || end < start + 'Googlebot-Mobile/'.length ? undefined : agent.slice(start, end);
}

function msnbot(agent: string): string | undefined {
  const end = agent.lastIndexOf(' ');
  return agent.startsWith('msnbot/') && end > 0 ? agent.slice(0, end) : undefined;
}

/** Firefox 2 and 3 by their number, every other one by what follows `Mozilla/`. */
function mozilla(agent: string): string | undefined {
  if (!agent.startsWith('Mozilla')) return undefined;
  const firefox = / Firefox\/([23])\./.exec(agent.slice('Mozilla'.length));
  if (firefox !== null) return `Firefox/${firefox[1]}`;
  const end = agent.indexOf(' ');
  return agent.startsWith('Mozilla/') && end > 0 ? agent.slice(0, end) : undefined;
}
