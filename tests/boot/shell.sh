# A day's work with files, for busybox's shell: run by tests/boot/shell.t on Linux and on the image, in an empty directory; what it prints and
# leaves must be equal. Nothing in it depends on time, numbers of processes or inodes.
LC_ALL=C
export LC_ALL
umask 022

say() {
	echo "== $*"
}

# A thousand lines of text that a formula gives.
lines() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "%05d %s %d\n", (i * 7919) % 10007, substr("abcdefghijklmnopqrstuvwxyz", i % 26 + 1), i % 13 }'
}

say making files
mkdir -p a/b/c d "with blank"
lines 1000 > a/lines
wc -l -c a/lines
: > empty
printf 'no newline at the end' > a/short
echo one > d/one
echo two >> d/one
cat d/one
cat > a/here <<END
here is $((6 * 7)) and $(echo nested)
	tabs stay
END
cat a/here
cat > a/quoted <<'END'
here is $((6 * 7)) as it stands
END
cat a/quoted

say copies
cp a/lines a/copy
cmp a/lines a/copy && echo equal
cp -r a d/copy-of-a
find d -type f | sort
cp -p a/short "with blank/short one"
ls "with blank"
cp none a/x 2> /dev/null || echo "cp of nothing: $?"

say moves
mv a/copy a/moved
test -e a/copy || echo gone
test -f a/moved && echo there
mv a/moved "with blank/"
mv d/copy-of-a/b d/b
ls -1 d d/copy-of-a
mkdir a/target
mv a/here a/quoted a/target
ls -1 a/target

say links
ln a/lines a/hard
ln -s lines a/soft
ln -s ../empty a/up
ln -s nowhere a/dangling
readlink a/soft
readlink a/up
test a/lines -ef a/hard && echo "the same file"
test -e a/dangling || echo dangling
test -L a/dangling && echo "but a link"
cmp a/soft a/hard && echo "the same bytes"
rm a/hard
wc -c < a/lines
ln -sf short a/soft
cat a/soft
echo

say modes
chmod 600 empty
chmod u+x,g+r a/short
chmod -R o-r d
stat -c '%a %n' empty a/short d d/one
test -x a/short && echo executable
touch -d '2020-02-03 04:05:06' d/one
stat -c '%Y %s' d/one
touch -r d/one empty
test empty -nt d/one || test empty -ot d/one || echo "times are equal"

say sorting
sort a/lines | head -n 3
sort -k2,2 -k1,1n a/lines | tail -n 3
sort -n -u -k3,3 a/lines | wc -l
cut -d ' ' -f 3 a/lines | sort -n | uniq -c | sort -rn -k1,1 -k2,2n | head -n 4
tac a/lines | md5sum
paste -d , a/target/here a/target/quoted | head -n 1
tr a-z A-Z < a/target/quoted
rev a/short 2> /dev/null
echo

say searching
grep -c ' a' a/lines
grep -n '^00[0-4]' a/lines | head -n 3
grep -v 'def' a/lines | wc -l
grep -rl here a 2> /dev/null | sort
grep -q nothing-like-it a/lines || echo "not found: $?"
sed -n '10,12p' a/lines
sed -e 's/\([0-9]*\) \(.*\) \([0-9]*\)/\3:\1/' a/lines | head -n 2
cp a/lines a/edit
sed -i '/def/d' a/edit
wc -l < a/edit
awk '{ sum[$3] += $1 } END { for (k = 0; k < 13; k++) print k, sum[k] }' a/lines | md5sum

say archives
tar -cf all.tar a d
tar -tf all.tar | sort | head -n 5
mkdir out
tar -xf all.tar -C out
diff -r a out/a > /dev/null 2>&1 && echo "the tree is the same"
gzip -c a/lines > lines.gz
gunzip -c lines.gz | cmp - a/lines && echo "and so is what was packed"
tar -czf some.tgz d
tar -xzOf some.tgz d/one
rm all.tar some.tgz lines.gz

say blocks
dd if=/dev/zero of=zeros bs=4096 count=20 2> /dev/null
dd if=a/lines of=part bs=1 skip=100 count=50 2> /dev/null
cat part | od -c | head -n 2
dd if=a/lines of=zeros bs=512 seek=10 count=4 conv=notrunc 2> /dev/null
wc -c < zeros
md5sum zeros part
truncate -s 100000 zeros
wc -c zeros
truncate -s 7 part
cat part
echo
for i in 0 1 2 3 4 5; do dd if=a/lines of=piece.$i bs=5000 skip=$i count=1 2> /dev/null; done
ls piece.*
cat piece.* | cmp - a/lines && echo whole
rm piece.*

say finding
find . -type d | sort
find . -name '*s*' -type f | sort
find a -type l | sort
find . -size +20k -type f | sort
find out -name lines -exec wc -l {} \;
find d -type f -print0 | sort -z | xargs -0 md5sum

say pipes and jobs
seq 1 2000 | sed 's/$/ x/' | awk '$1 % 7 == 0' | tail -n 1
i=0
while [ $i -lt 5 ]; do
	(echo "job $i" > job.$i) &
	i=$((i + 1))
done
wait
cat job.0 job.1 job.2 job.3 job.4
rm job.*
(exit 9) &
wait $!
echo "a job ended with $?"
sleep 100 &
kill $!
wait $!
echo "killed: $?"
trap 'echo "got it"' USR1
kill -USR1 $$
trap - USR1
yes | head -n 1000 | wc -l
mkfifo pipe
cat a/short > pipe &
cat pipe
echo
rm pipe
wait

say control
for word in x "y z" *.none; do echo "<$word>"; done
case a/lines in *nes) echo matches ;; *) echo does not ;; esac
f() { local v=$1; [ "$v" -gt 0 ] && { echo -n "$v "; f $((v - 1)); }; }
f 10
echo
until test -d made; do mkdir made; done
set -- one "two three" four
echo $# "$2"
shift
echo "${1%three}|${1#two }|${#1}|${none:-default}"
expr 17 \* 3
echo $((0x1f + 010 - (7 << 2)))
sh -c 'exit 3'
echo "status $?"
false || true && echo "and so on"
{ echo out; echo err >&2; } 2>&1 | sort
exec 5> through
echo "by descriptor five" >&5
exec 5>&-
cat through
read first rest < through
echo "$first/$rest"

say removing
rm -r out d/b
rmdir made
rmdir a 2> /dev/null || echo "rmdir of what is not empty: $?"
rm -f none
rm a/dangling a/up
mv "with blank" without
find . | sort
say the end
exit 7
