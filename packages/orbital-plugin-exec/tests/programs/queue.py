#!/usr/bin/env python3
"""In the style of textfile collectors: Prometheus text."""

print("# HELP queue_jobs Jobs that wait.")
print("# TYPE queue_jobs gauge")
for name, jobs in (("mail", 3), ('a "quoted" one', 0)):
    print('queue_jobs{{queue="{}"}} {}'.format(name.replace('"', '\\"'), jobs))
print("# TYPE queue_done_total counter")
print("queue_done_total 12345 1700000000000")
print("# TYPE queue_seconds histogram")
print('queue_seconds_bucket{le="1"} 2')
print('queue_seconds_bucket{le="+Inf"} 3')
print("queue_seconds_sum 4.5")
print("queue_seconds_count 3")
