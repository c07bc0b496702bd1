// Plays, pauses and scrubs the recorded runs, and takes a bet before. All
// that it knows stands in the figure, which is whole without it. It moves a
// clip and a playhead; a request's label appears with its answer.
(() => {
  'use strict';

  const SVG = 'http://www.w3.org/2000/svg';
  // Nobody watches longer, in milliseconds; and what is over at once is slowed.
  const LONG = 6000;
  const FIT = 4500;
  const SHORT = 2000;
  // The places of the scrubber: the last one is the very end.
  const PLACES = 500;
  const still = matchMedia('(prefers-reduced-motion: reduce)');

  const seconds = (micros, digits) => (micros / 1e6).toFixed(digits);

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  // 1, 2, 5, 10, ... and 0.5, 0.2, 0.1, ...: the next one that is slow enough.
  function speed(length) {
    const exact = length / FIT;
    const base = 10 ** Math.floor(Math.log10(exact));
    const factor = [1, 2, 5, 10].find((it) => it * base >= exact * 0.999);
    return Number((factor * base).toPrecision(1));
  }

  function timeline(figure) {
    const svg = figure.querySelector('svg');
    const clip = svg.querySelector('.clip');
    const playhead = svg.querySelector('.playhead');
    const width = Number(clip.getAttribute('width'));
    const from = Number(svg.dataset.from);
    const to = Number(svg.dataset.to);
    const end = Number(svg.dataset.end);
    const lanes = [...svg.querySelectorAll('.lane')].map((lane) => ({
      lane,
      who: lane.dataset.who,
      by: lane.querySelector('.by'),
      sent: Number(lane.dataset.sent),
      // A request whose work nobody announced waits until its answer.
      started: Number(lane.dataset.started || lane.dataset.answered),
      answered: Number(lane.dataset.answered),
      fast: !('started' in lane.dataset),
    }));
    const events = [...svg.querySelectorAll('.event')].map((event) => ({
      event,
      at: Number(event.dataset.at),
      what: event.dataset.what,
    }));
    const moments = [...new Set([
      ...lanes.flatMap((it) => [it.sent, it.started, it.answered]),
      ...events.map((it) => it.at),
    ])].sort((a, b) => a - b);
    const last = moments[moments.length - 1];
    const digits = end < 1e6 ? 3 : 1;

    const x = (at) => from + (to - from) * at / end;

    // The state: a moment, the animation that goes on, a bet.
    let now = end;
    let frame = 0;
    let bet = null;

    const button = element('button', { type: 'button' });
    const scrubber = element('input', {
      type: 'range', min: 0, max: PLACES,
      'aria-label': 'Moment in the run',
    });
    const output = element('output', {});
    const select = element('select', { 'aria-label': 'Speed' });
    const status = element('p', { role: 'status' });

    const length = end / 1000;
    const fit = Math.max(0.01, speed(length));
    const initial = length > LONG || length < SHORT ? fit : 1;
    const factors = [...new Set([1, fit, 2 * fit])].sort((a, b) => a - b);
    for (const factor of factors) {
      select.append(element('option', { value: factor }, `${factor}×`));
    }
    select.value = initial;

    function say(where, text) {
      // A screen reader speaks when the text changes, so it changes rarely.
      if (where.textContent !== text) {
        where.textContent = text;
      }
    }

    function sentence() {
      const during = (from, to) =>
        lanes.filter((it) => it[from] <= now && now < it[to]);
      const running = during('started', 'answered');
      const waiting = during('sent', 'started');
      const answered = lanes.filter((it) => it.answered <= now);
      const names = running.length > 3
        ? running.length
        : running.map((it) => it.who).join(', ') || 'nothing';
      const latest = Math.max(...moments.filter((it) => it <= now));
      const happened = events.filter((it) => it.at === latest);
      return `Running: ${names}. Waiting: ${waiting.length}. ` +
        `Answered: ${answered.length} of ${lanes.length}.` +
        happened.map((it) => ` ${it.what}.`).join('');
    }

    function label() {
      const text = still.matches ? 'Next event' : frame ? 'Pause' : 'Play';
      say(button, text);
      select.hidden = still.matches;
    }

    function render() {
      const whole = now >= end;
      figure.classList.toggle('moving', !whole);
      clip.setAttribute('width', whole ? width : x(now).toFixed(1));
      playhead.setAttribute('x1', x(now).toFixed(1));
      playhead.setAttribute('x2', x(now).toFixed(1));
      for (const it of lanes) {
        it.by.classList.toggle('ahead', now < it.answered);
      }
      for (const it of events) {
        it.event.classList.toggle('ahead', now < it.at);
      }
      const text = seconds(Math.min(now, last), digits);
      scrubber.value = PLACES * now / end;
      scrubber.setAttribute('aria-valuetext', `${text} seconds`);
      say(output, `${text} s`);
      say(status, sentence());
      if (bet && now >= bet.lane.answered) {
        bet.judge();
      }
    }

    function go(at) {
      now = Math.max(0, Math.min(end, at));
      if (bet) {
        bet.lift();
      }
      render();
    }

    function pause() {
      cancelAnimationFrame(frame);
      frame = 0;
      label();
    }

    function play() {
      go(now >= end ? 0 : now);
      let before = performance.now();
      const tick = (time) => {
        // A page that was hidden goes on where it was.
        const passed = Math.min(100, Math.max(0, time - before));
        before = time;
        go(now + passed * 1000 * Number(select.value));
        if (now >= end) {
          pause();
        } else {
          frame = requestAnimationFrame(tick);
        }
      };
      frame = requestAnimationFrame(tick);
      label();
    }

    function step() {
      const next = moments.find((it) => it > now);
      go(now >= end ? 0 : next === undefined || next === last ? end : next);
    }

    button.addEventListener('click', () => {
      if (still.matches) {
        pause();
        step();
      } else if (frame) {
        pause();
      } else {
        play();
      }
    });
    scrubber.addEventListener('input', () => {
      pause();
      go(end * Number(scrubber.value) / PLACES);
    });
    still.addEventListener('change', pause);
    figure.addEventListener('keydown', (event) => {
      // mdBook turns the page on an arrow, and a button is no exception.
      if (event.key.startsWith('Arrow')) {
        event.stopPropagation();
      }
    });

    const controls = figure.querySelector('.controls');
    controls.append(
      element('div', {}, button, select, output, scrubber),
      status,
    );
    controls.hidden = false;
    bet = wager();
    if (bet) {
      controls.before(bet.form);
    }
    label();
    render();
    // Nothing has happened yet.
    say(status, '');
    if (bet) {
      // Not even the end of the run, which may be the answer.
      say(output, '');
    }

    // The reader says when the first request is answered that has no work of
    // its own and is sent while another one is open. Until something moves, no
    // such request shows its answer.
    function wager() {
      const fast = lanes.filter((it) => it.fast && lanes.some((other) =>
        other !== it && other.sent <= it.sent && it.sent < other.answered));
      if (fast.length === 0) {
        return null;
      }
      const it = fast[0];
      const first = it.sent;
      const question = `when is ${it.who} answered?`;
      const guess = element('input', {
        type: 'range', min: first, max: end, step: 'any',
        'aria-label': `Your bet: ${question}`,
      });
      const said = element('output', {}, 'no bet yet');
      const reveal = element('button', { type: 'button' }, 'Reveal');
      const verdict = element('p', { role: 'status' });
      const form = element(
        'details', { class: 'bet', open: '' },
        element('summary', {}, `Place your bet: ${question}`),
        element('div', {}, guess, said, reveal),
        verdict,
      );
      const y = Number(it.by.getAttribute('y'));
      const mark = document.createElementNS(SVG, 'path');
      let placed = null;
      let secret = true;
      mark.setAttribute('class', 'bet-mark');
      mark.setAttribute('visibility', 'hidden');
      it.lane.append(mark);
      guess.value = first + (end - first) / 2;
      // A range has a value from the start; this one means nothing yet.
      guess.setAttribute('aria-valuetext', 'no bet yet');
      for (const one of fast) {
        const unknown = one.by.cloneNode();
        unknown.setAttribute('class', 'unknown');
        unknown.textContent = '?';
        one.lane.append(unknown);
        one.lane.classList.add('secret');
      }

      // An arrow moves the bet by as much as can be read.
      const step = 10 ** (6 - digits);
      function place(at) {
        placed = Math.max(first, Math.min(last, Math.round(at / step) * step));
        const text = seconds(placed, digits);
        guess.value = placed;
        guess.setAttribute('aria-valuetext', `${text} seconds`);
        say(said, `${text} s`);
        say(verdict, '');
        mark.setAttribute(
          'd', `M${x(placed).toFixed(1)} ${y + 1}v22l-4 6h8l-4 -6`,
        );
        mark.setAttribute('visibility', 'visible');
      }
      guess.addEventListener('input', () => place(Number(guess.value)));
      guess.addEventListener('keydown', (event) => {
        const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
        if (event.key in way) {
          event.preventDefault();
          const at = placed === null ? Number(guess.value) : placed;
          place(at + way[event.key] * step);
        }
      });
      reveal.addEventListener('click', () => {
        pause();
        go(end);
      });

      function lift() {
        if (secret) {
          secret = false;
          for (const one of fast) {
            one.lane.classList.remove('secret');
          }
        }
      }

      function judge() {
        if (secret) {
          return;
        }
        const truth = `the answer came at ${seconds(it.answered, digits)} s`;
        if (placed === null) {
          say(verdict, `No bet: ${truth}.`);
          return;
        }
        const off = placed - it.answered;
        const size = seconds(Math.abs(off), digits);
        const words = Math.abs(off) <= Math.max(step, end / 33)
          ? 'you were right'
          : `${size} seconds ${off < 0 ? 'later' : 'earlier'} than you thought`;
        say(verdict, `You said ${seconds(placed, digits)} s, and ${truth}: ` +
          `${words}.`);
      }

      return { form, lane: it, lift, judge };
    }

    // On paper nobody plays. What was closed closes again.
    let opened = [];
    addEventListener('beforeprint', () => {
      pause();
      go(end);
      opened = [...figure.querySelectorAll('details:not([open])')];
      opened.forEach((it) => { it.open = true; });
    });
    addEventListener('afterprint', () => {
      opened.forEach((it) => { it.open = false; });
    });
  }

  function all() {
    document.querySelectorAll('figure.timeline').forEach(timeline);
  }
  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', all);
  } else {
    all();
  }
})();
