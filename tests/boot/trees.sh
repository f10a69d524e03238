# Thousands of files changed by busybox's programs: run by tests/boot/trees.t on Linux and on the image, in a copy of the same tree. What it prints
# and leaves must be equal, times of files included where they are not the present.
LC_ALL=C
TZ=UTC0
export LC_ALL TZ
umask 022

say() {
	echo "== $*"
}

count() {
	find "$@" | wc -l
}

say copies
cp -a nested copy
count copy
diff -r nested copy && echo equal
cp flat/name-40?? copy/d01
count copy/d01

say moves
mkdir made
mv flat/name-1??? flat/name-1?? made
mv nested/d07 made/was-d07
mv flat/name-2000 flat/name-2001
mv made/name-1999 "made/a name with blanks"
count flat
count made

say removals
rm flat/name-3??7 flat/name-3??8
rm -r copy/d1? copy/d20
find flat -name '*99' -exec rm {} +
count flat
count copy

say editing
sed -i 's/line/LINE/' nested/d0?/file-*
grep -l LINE nested/*/* | wc -l
cat nested/d05/file-7 | head -3
for f in nested/d09/file-*; do
	echo "one more for $f" >> $f
done
sort -r nested/d09/file-11 > nested/d09/sorted
for f in flat/name-90 flat/name-91 flat/name-92 flat/name-93; do
	truncate -s 100000 $f
	dd if=$f of=$f.dd bs=1000 skip=2 count=7 2>/dev/null
done

say modes and times
chmod 600 flat/name-2?0?
chmod -R go-rwx copy/d2?
chmod u+s,g+s flat/name-21
touch -d '2033-02-03 04:05:06' flat/name-8??
touch -d '1999-12-31 23:59:59' nested/d02
find . -newer flat/name-2 -name 'name-8*' | wc -l

say links
mkdir links
ln flat/name-70? links
for i in 1 2 3 4 5 6 7 8 9; do
	ln -s ../flat/name-$i links/to-$i
	ln -sf name-70$i links/to-$i-hard
done
ln -s "a target that is longer than the sixty bytes which fit into an inode of ext2, so it has a block" links/long
rm flat/name-705
cat links/to-3 links/name-705 | md5sum

say archives
mkdir out
find flat -name '*5' | sort > list
tar -cf five.tar $(cat list)
tar -tf five.tar | wc -l
tar -xf five.tar -C out
rm five.tar
diff -r out/flat flat | grep -c '^Only'
gzip -n copy/d30/file-*
count copy/d30
gunzip copy/d30/file-1*.gz

say many new ones
mkdir -p new/below
i=0
while [ $i -lt 3000 ]; do
	echo "number $i" > new/file-of-number-$i
	i=$((i + 1))
done
mv new/file-of-number-1* new/below
rm new/file-of-number-?0? new/file-of-number-2?5?
count new
cat new/below/* | md5sum
sort -u flat/name-4* > sorted
wc -l < sorted
find . -type d -empty | sort
find . -type f ! -name sums -exec md5sum {} + | sort > sums
wc -l < sums
find . | sort | md5sum
