// Closed-loop Apply load on a group of three hashicorp/raft servers inside one process: one line of
// JSON.
package main

import (
	"flag"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb"
)

type fsm struct{ n uint64 }

func (f *fsm) Apply(*raft.Log) interface{}            { f.n++; return f.n }
func (f *fsm) Snapshot() (raft.FSMSnapshot, error)    { return snap{}, nil }
func (f *fsm) Restore(r io.ReadCloser) error          { return r.Close() }

type snap struct{}

func (snap) Persist(s raft.SnapshotSink) error { return s.Close() }
func (snap) Release()                          {}

func main() {
	dir := flag.String("dir", "", "boltdb directory; empty = in-memory stores")
	tcp := flag.Bool("tcp", false, "loopback TCP transport instead of in-memory transport")
	clients := flag.Int("clients", 64, "")
	secs := flag.Float64("secs", 4, "")
	size := flag.Int("size", 256, "")
	maxAppend := flag.Int("maxappend", 64, "MaxAppendEntries")
	flag.Parse()
	var rs []*raft.Raft
	var trs []raft.Transport
	var conf raft.Configuration
	for i := 0; i < 3; i++ {
		var t raft.Transport
		if *tcp {
			nt, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 10*time.Second, ioutil.Discard)
			die(err)
			t = nt
		} else {
			_, t = raft.NewInmemTransport("")
		}
		trs = append(trs, t)
		conf.Servers = append(conf.Servers, raft.Server{ID: raft.ServerID(fmt.Sprint(i)), Address: t.LocalAddr()})
	}
	for _, a := range trs {
		for _, b := range trs {
			if la, ok := a.(raft.LoopbackTransport); ok && a != b {
				la.Connect(b.LocalAddr(), b)
			}
		}
	}
	for i := 0; i < 3; i++ {
		c := raft.DefaultConfig()
		c.LocalID = conf.Servers[i].ID
		c.MaxAppendEntries = *maxAppend
		c.Logger = hclog.New(&hclog.LoggerOptions{Output: ioutil.Discard, Level: hclog.Error})
		var ls raft.LogStore
		var ss raft.StableStore
		if *dir == "" {
			m := raft.NewInmemStore()
			ls, ss = m, m
		} else {
			b, err := raftboltdb.NewBoltStore(filepath.Join(*dir, fmt.Sprintf("r%d.db", i)))
			die(err)
			ls, ss = b, b
			lc, err := raft.NewLogCache(512, b)
			die(err)
			ls = lc
		}
		die(raft.BootstrapCluster(c, ls, ss, raft.NewInmemSnapshotStore(), trs[i], conf))
		r, err := raft.NewRaft(c, &fsm{}, ls, ss, raft.NewInmemSnapshotStore(), trs[i])
		die(err)
		rs = append(rs, r)
	}
	var leader *raft.Raft
	for leader == nil {
		time.Sleep(50 * time.Millisecond)
		for _, r := range rs {
			if r.State() == raft.Leader {
				leader = r
			}
		}
	}
	time.Sleep(500 * time.Millisecond)
	t0 := time.Now().Add(500 * time.Millisecond)
	t1 := t0.Add(time.Duration(*secs * float64(time.Second)))
	lats := make([][]float64, *clients)
	var wg sync.WaitGroup
	data := make([]byte, *size)
	for i := range lats {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for {
				a := time.Now()
				if a.After(t1) {
					return
				}
				die(leader.Apply(data, 10*time.Second).Error())
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
	fmt.Printf("{\"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", float64(len(all)) / *secs, q(.5), q(.99))
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
