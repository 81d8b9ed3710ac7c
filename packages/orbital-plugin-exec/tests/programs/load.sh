#!/bin/sh
echo "WARNING - load is 6.1|load1=6.1;5;10;0; 'load 5'=0.5s;~:5;10"
echo "long text"
echo "more | procs=12"
exit 1
