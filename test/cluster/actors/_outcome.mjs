// What comes of a promise, as plain data.
export function outcomeOf(promise) {
  return Promise.resolve(promise).then(
    (value) => ({ value }),
    (error) => ({ fault: faultOf(error) }),
  );
}

function faultOf({ code, fate, message, reason, data, cause }) {
  const kept = cause && { name: cause.name, message: cause.message, stack: cause.stack };
  return { code, fate, message, reason, data, cause: kept };
}
