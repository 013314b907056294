"""The ports of the coordinator on Redis 6.2 and later: keys, scripts and codecs."""
