-- KEYS: marker. ARGV: the marker to set if there is none. Answers with the one that there is.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
