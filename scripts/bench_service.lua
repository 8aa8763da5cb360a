-- wrk: requests in the order of a file, each connection from a place of its own.
local paths, threads = {}, 0

function setup(thread)
  thread:set("start", threads * 7919)
  threads = threads + 1
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    paths[#paths + 1] = wrk.format("GET", line)
  end
  place = start
end

function request()
  place = place + 1
  return paths[place % #paths + 1]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "bytes": %d, "p50_ms": %f, "p99_ms": %f, "p999_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
