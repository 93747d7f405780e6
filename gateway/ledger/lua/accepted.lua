-- KEYS: marker, the marker that an operator has accepted. Answers with the marker if that is the one.
local marker = redis.call('GET', KEYS[1])
if marker and marker == redis.call('GET', KEYS[2]) then return marker end
return ''
