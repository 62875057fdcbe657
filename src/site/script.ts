/**
 * The script of the pages. Everything can be read without it. It fills in the address of this host, tells how old a
 * page is by now, and answers on the spot whether a project is here.
 */
import { madeHere } from './layout.ts';

export const siteScript = `// ${madeHere}.
(() => {
  'use strict';
  const root = new URL('.', document.currentScript.src);
  for (const hint of document.querySelectorAll('[data-address-hint]')) hint.remove();
  for (const place of document.querySelectorAll('[data-address]')) {
    place.textContent = place.textContent.split('https://THIS-HOST').join(root.href.replace(/\\/$/, ''));
  }

  const units = [[86400, 'day'], [3600, 'hour'], [60, 'minute']];
  const showAges = () => {
    for (const place of document.querySelectorAll('[data-since]')) {
      const seconds = Math.max(0, (Date.now() - Number(place.dataset.since)) / 1000);
      const [size, name] = units.find(([size]) => seconds >= (size === 86400 ? 172800 : size)) || [60, 'minute'];
      const count = Math.floor(seconds / size);
      place.textContent = count === 0 ? ' (just now)' : ' (' + count + ' ' + name + (count === 1 ? '' : 's') + ' ago)';
    }
  };
  showAges();
  setInterval(showAges, 30000);

  const state = document.querySelector('[data-renewed]');
  const age = state === null ? 0 : Date.now() - Number(state.dataset.renewed);
  if (state !== null && age > Number(state.dataset.within)) {
    const note = document.createElement('p');
    note.className = 'stale';
    note.textContent = 'No run has renewed this page since then, so this may have changed. Is cron running?';
    state.className = 'state bad';
    state.prepend(note);
  }

  const form = document.querySelector('form[data-find]');
  const answer = document.querySelector('[data-answer]');
  if (form === null || answer === null) return;
  form.addEventListener('submit', async (event) => {
    const typed = /^\\s*([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)/i.exec(form.elements.name.value);
    if (typed === null) return;
    event.preventDefault();
    const name = typed[1].toLowerCase().replace(/[-_.]+/g, '-');
    const page = new URL('simple/' + name + '/', root);
    answer.textContent = 'Looking for ' + name + ' …';
    try {
      const { status } = await fetch(page, { method: 'HEAD', headers: { accept: 'text/html' } });
      if (status !== 200 && status !== 404) return form.submit();
      const link = document.createElement('a');
      link.href = page;
      link.textContent = 'its files';
      answer.textContent = status === 200 ? 'Yes, ' + name + ' is here: ' : 'No, ' + name + ' is not here.';
      if (status === 200) answer.append(link);
    } catch {
      form.submit();
    }
  });
})();
`;
