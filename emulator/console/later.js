/** Work that is done a little later, once, however often it is asked for. */

/** Return a function that calls another at most once in so many milliseconds, the last time too; `stop` ends it. */
export function soon(act, ms) {
  let timer = 0;
  let isAgain = false;
  const run = async () => {
    isAgain = false;
    await act();
    timer = isAgain ? setTimeout(run, ms) : 0;
  };
  const ask = () => {
    isAgain = true;
    if (!timer) timer = setTimeout(run, ms / 4);
  };
  ask.stop = () => {
    clearTimeout(timer);
    timer = -1;
  };
  return ask;
}

/** Return a function that runs asynchronous work and gives its outcome on only where no newer one began since. */
export function newestOnly(work, done) {
  let turn = 0;
  return async (...given) => {
    const mine = ++turn;
    const outcome = await work(...given);
    if (mine === turn) done(outcome, ...given);
  };
}
