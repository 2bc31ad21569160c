// Closed-loop load on an etcd cluster through its Go client: one line of JSON.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

func main() {
	eps := flag.String("endpoints", "127.0.0.1:23791,127.0.0.1:23792,127.0.0.1:23793", "")
	op := flag.String("op", "put", "put | get (linearizable) | sget (serializable)")
	clients := flag.Int("clients", 1, "")
	conns := flag.Int("conns", 16, "")
	secs := flag.Float64("secs", 5, "")
	size := flag.Int("size", 256, "")
	keys := flag.Int("keys", 10000, "")
	toLeader := flag.Bool("leader", false, "connect to the leader only")
	flag.Parse()
	ends := strings.Split(*eps, ",")
	if *toLeader {
		c, err := clientv3.New(clientv3.Config{Endpoints: ends, DialTimeout: 3 * time.Second})
		die(err)
		for _, e := range ends {
			st, err := c.Status(context.Background(), e)
			die(err)
			if st.Leader == st.Header.MemberId {
				ends = []string{e}
				break
			}
		}
		c.Close()
	}
	if *conns > *clients {
		*conns = *clients
	}
	var cs []*clientv3.Client
	for i := 0; i < *conns; i++ {
		c, err := clientv3.New(clientv3.Config{Endpoints: ends, DialTimeout: 3 * time.Second})
		die(err)
		cs = append(cs, c)
	}
	val := strings.Repeat("x", *size)
	t0 := time.Now().Add(500 * time.Millisecond)
	t1 := t0.Add(time.Duration(*secs * float64(time.Second)))
	lats := make([][]float64, *clients)
	var wg sync.WaitGroup
	for i := 0; i < *clients; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c := cs[i%len(cs)]
			r := rand.New(rand.NewSource(int64(i)))
			for {
				k := fmt.Sprintf("bench/%08d", r.Intn(*keys))
				a := time.Now()
				if a.After(t1) {
					return
				}
				var err error
				switch *op {
				case "put":
					_, err = c.Put(context.Background(), k, val)
				case "get":
					_, err = c.Get(context.Background(), k)
				case "sget":
					_, err = c.Get(context.Background(), k, clientv3.WithSerializable())
				}
				die(err)
				if a.After(t0) {
					lats[i] = append(lats[i], float64(time.Since(a).Nanoseconds())/1000)
				}
			}
		}(i)
	}
	wg.Wait()
	var all []float64
	for _, l := range lats {
		all = append(all, l...)
	}
	sort.Float64s(all)
	q := func(p float64) float64 { return all[int(p*float64(len(all)-1))] }
	fmt.Printf("{\"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", float64(len(all))/(*secs), q(.5), q(.99))
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
