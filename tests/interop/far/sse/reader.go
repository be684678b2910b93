// Go's donovanhide/eventsource: `reader NAME URL`. Prints what each check saw, as lines of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/donovanhide/eventsource"
)

func read(url string) (seen [][3]string) {
	stream, err := eventsource.Subscribe(url, "")
	if err != nil {
		return [][3]string{{"error", err.Error(), ""}}
	}
	defer stream.Close()
	late := time.After(10 * time.Second)
	for {
		select {
		case event := <-stream.Events:
			kind := event.Event()
			if kind == "" {
				kind = "message"
			}
			seen = append(seen, [3]string{kind, event.Data(), event.Id()})
			if kind == "done" {
				return
			}
		case <-stream.Errors: // It reconnects by itself.
		case <-late:
			return
		}
	}
}

func main() {
	for _, check := range [][2]string{{"events", "/events"}, {"resumed", "/cut"}} {
		line, _ := json.Marshal([]interface{}{check[0], read(os.Args[2] + check[1])})
		fmt.Println(string(line))
	}
}
