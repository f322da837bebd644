"""The other end of every wire: senders and devices that behave as the vendors' do, for tests, benchmarks and demos."""
