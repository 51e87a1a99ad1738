'use strict';
// Asks for the page again every two seconds while it is looked at, and puts what has changed in its place. What is being read or selected
// stays where it is. When the process does not answer, that is said, and what was known last is left.
(() => {
  const every = 2000, patience = 5000;
  const silent = document.getElementById('silent');
  const title = () => document.title.replace(/^\(no answer\) /, '');
  let answeredAt = Date.now(), timer = 0, busy = false;

  const age = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    return s < 120 ? s + ' s' : Math.floor(s / 60) + ' min';
  };

  const selecting = (part) => {
    const s = getSelection();
    return s && !s.isCollapsed && s.rangeCount > 0 && s.getRangeAt(0).intersectsNode(part);
  };

  const show = (next) => {
    for (const part of document.querySelectorAll('main section, #answers, #about')) {
      const now = next.getElementById(part.id);
      if (!now || selecting(part)) continue;
      if (part.id === 'headline') {
        part.className = now.className;
        for (const id of ['says', 'counts']) {
          const was = document.getElementById(id), is = next.getElementById(id);
          if (was.textContent !== is.textContent) was.replaceChildren(...is.childNodes);
        }
        continue;
      }
      part.hidden = now.hidden;
      if (part.innerHTML !== now.innerHTML) part.replaceChildren(...now.childNodes);
    }
    document.title = next.title;
  };

  const answered = (text) => {
    answeredAt = Date.now();
    silent.hidden = true;
    document.body.classList.remove('stale');
    show(new DOMParser().parseFromString(text, 'text/html'));
  };

  const unanswered = () => {
    silent.textContent = 'No answer for ' + age(Date.now() - answeredAt) + ': the process has ended or cannot be reached. Below is what it said last.';
    silent.hidden = false;
    document.body.classList.add('stale');
    document.title = '(no answer) ' + title();
  };

  const ask = async () => {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    try {
      const answer = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(patience) });
      if (!answer.ok) throw new Error(answer.status);
      answered(await answer.text());
    } catch {
      unanswered();
    }
    busy = false;
    if (!document.hidden) timer = setTimeout(ask, every);
  };

  document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
  timer = setTimeout(ask, every);
})();
