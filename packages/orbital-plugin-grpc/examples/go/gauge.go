// A plugin for Orbital Sentinel in Go with HashiCorp's go-plugin: the load of this machine.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"
	"strings"

	"gauge/pb"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	cookie = "ORBITAL_PLUGIN_COOKIE"
	meta   = `{"name": "gauge", "version": "1.0.0", "description": "Load of this machine"}`
	name   = "gauge_load"
	help   = "Runnable processes, a minute's average"
)

var secret = os.Getenv(cookie)

func proof(end string) string { // each end proves that it knows the cookie
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(end))
	return hex.EncodeToString(mac.Sum(nil))
}

type gauge struct {
	plugin.NetRPCUnsupportedPlugin
	pb.UnimplementedPluginServer
}

func (g *gauge) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterPluginServer(server, g)
	return nil
}

func (g *gauge) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (interface{}, error) {
	return nil, nil
}

func (g *gauge) Exchange(stream pb.Plugin_ExchangeServer) error {
	shown, _ := metadata.FromIncomingContext(stream.Context())
	if values := shown.Get("orbital-proof"); len(values) != 1 || values[0] != proof("agent") {
		return status.Error(codes.Unauthenticated, "you did not start me")
	}
	if err := stream.SendHeader(metadata.Pairs("orbital-proof", proof("program"))); err != nil {
		return err
	}
	for {
		calls, err := stream.Recv()
		if err != nil { // the agent ended the stream, or died
			os.Exit(0)
		}
		said := &pb.Answers{}
		for _, call := range calls.Calls {
			if one := answer(call); one != nil {
				said.Answers = append(said.Answers, one)
			}
		}
		if err := stream.Send(said); err != nil {
			return err
		}
	}
}

func answer(call *pb.Call) *pb.Answer {
	switch c := call.Type.(type) {
	case *pb.Call_Hello:
		described := &pb.Described{Name: name, Type: "gauge", Description: help}
		manifest := &pb.Manifest{Meta: meta, Metrics: []*pb.Described{described}}
		offers := []*pb.Offer{{Part: "plugin", Name: "gauge", Manifest: manifest}}
		return &pb.Answer{Type: &pb.Answer_Welcome{Welcome: &pb.Welcome{Contract: 1, Offers: offers}}}
	case *pb.Call_Device:
		return &pb.Answer{Type: &pb.Answer_Facts{Facts: &pb.Facts{Call: c.Device.Call, Target: "localhost"}}}
	case *pb.Call_Collect:
		return &pb.Answer{Type: &pb.Answer_Collected{Collected: collect(c.Collect.Call)}}
	case *pb.Call_Test:
		return &pb.Answer{Type: &pb.Answer_Tested{Tested: &pb.Tested{Call: c.Test.Call}}}
	}
	number := max(call.GetStart().GetCall(), call.GetOpen().GetCall(), call.GetClose().GetCall(),
		call.GetStop().GetCall(), call.GetHealth().GetCall())
	if number == 0 { // cancel: nothing here takes long
		return nil
	}
	return &pb.Answer{Type: &pb.Answer_Done{Done: &pb.Done{Call: number}}}
}

func collect(call int64) *pb.Collected {
	text, err := os.ReadFile("/proc/loadavg")
	load, _ := strconv.ParseFloat(strings.Fields(string(text) + " 0")[0], 64)
	if err != nil {
		return &pb.Collected{Call: call, Error: &pb.Error{Classes: []string{"DeviceUnreachable"}, Text: err.Error()}}
	}
	metric := &pb.Metric{Name: name, Help: help}
	table := &pb.Table{Metrics: []*pb.Metric{metric}, Series: []*pb.Series{{}}}
	samples := &pb.Samples{Values: []float64{load}}
	return &pb.Collected{Call: call, Records: []*pb.Record{
		{Kind: &pb.Record_Table{Table: table}}, {Kind: &pb.Record_Samples{Samples: samples}}}}
}

func main() {
	os.Setenv("TMPDIR", os.Getenv("ORBITAL_PLUGIN_FOLDER")) // where go-plugin puts its socket
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: cookie, MagicCookieValue: secret},
		Plugins:    map[string]plugin.Plugin{"gauge": &gauge{}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}
