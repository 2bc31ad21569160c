// The cost of etcd's raft core alone: three RawNodes in one goroutine, messages handed over as
// structs, MemoryStorage, no disk, no network, no encoding. Prints one line of JSON: nanoseconds per
// proposal, for all three nodes together.
package main

import (
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"time"

	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
)

func main() {
	batch := flag.Int("batch", 1, "proposals per round")
	n := flag.Int("n", 300000, "proposals")
	size := flag.Int("size", 256, "")
	flag.Parse()
	raft.SetLogger(&raft.DefaultLogger{Logger: log.New(ioutil.Discard, "", 0)})
	var nodes [3]*raft.RawNode
	var st [3]*raft.MemoryStorage
	peers := []raft.Peer{{ID: 1}, {ID: 2}, {ID: 3}}
	for i := range nodes {
		st[i] = raft.NewMemoryStorage()
		rn, err := raft.NewRawNode(&raft.Config{ID: uint64(i + 1), ElectionTick: 10, HeartbeatTick: 1, Storage: st[i], MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 256})
		if err != nil {
			panic(err)
		}
		if err := rn.Bootstrap(peers); err != nil {
			panic(err)
		}
		nodes[i] = rn
	}
	var committed [3]int
	var last [3]uint64
	pump := func() {
		for busy := true; busy; {
			busy = false
			for i, rn := range nodes {
				if !rn.HasReady() {
					continue
				}
				busy = true
				rd := rn.Ready()
				if !raft.IsEmptyHardState(rd.HardState) {
					st[i].SetHardState(rd.HardState)
				}
				st[i].Append(rd.Entries)
				for _, m := range rd.Messages {
					nodes[m.To-1].Step(m)
				}
				for _, e := range rd.CommittedEntries {
					last[i] = e.Index
					if e.Type == pb.EntryConfChange {
						var cc pb.ConfChange
						cc.Unmarshal(e.Data)
						rn.ApplyConfChange(cc)
					} else if len(e.Data) > 0 {
						committed[i]++
					}
				}
				rn.Advance(rd)
			}
		}
	}
	pump()
	nodes[0].Campaign()
	pump()
	data := make([]byte, *size)
	t := time.Now()
	for k := 0; k < *n; k += *batch {
		for b := 0; b < *batch; b++ {
			if err := nodes[0].Propose(data); err != nil {
				panic(err)
			}
		}
		pump()
		if k%(10000/(*batch)*(*batch)) == 0 && last[0] > 2000 {
			for i := range st {
				if last[i] > 2000 {
					st[i].Compact(last[i] - 1000)
				}
			}
		}
	}
	dt := time.Since(t)
	if committed[0] < *n || committed[1] < *n-*batch {
		panic("not all was committed")
	}
	fmt.Printf("{\"ns_per_entry\": %.0f}\n", float64(dt.Nanoseconds())/float64(*n))
}
