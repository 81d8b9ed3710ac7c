#!/bin/sh
# In the style of Telegraf's exec users: Influx lines with tags, integers, floats, booleans and texts.
host=$(echo "db 1" | sed 's/ /\\ /g')
echo "# free space"
echo "disk,host=$host,path=/ free=12i,used=3.5,ok=true,fs=\"ext 4, fast\""
echo "disk,host=$host,path=/srv free=7u,used=1e3,ok=F,fs=\"x\\\"fs\" 1700000000000000000"
echo "users value=3i"
