# nghttpd with an answer of gRPC in a file, on a port that was free a moment ago. It ends when its input does.
docs=$(mktemp -d)
mkdir -p "$docs/bench.Bench"
printf '\0\0\0\0\0' > "$docs/bench.Bench/Echo.grpc" # an empty message
echo application/grpc grpc > "$docs/types"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
exec 3<&0
{
  cat <&3 > /dev/null
  rm -r "$docs"
  kill $$
} > /dev/null &
{
  until (exec 4<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
    sleep 0.1
  done
  echo "listening on http://127.0.0.1:$port"
} &
exec taskset -c 1 nghttpd --no-tls --workers=1 --address=127.0.0.1 --htdocs="$docs" --trailer='grpc-status: 0' \
  --mime-types-file="$docs/types" "$port" > /dev/null
