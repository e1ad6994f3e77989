// SPDX-License-Identifier: Apache-2.0

// Command kubeplane holds the unmodified programs of a Kubernetes control plane in one binary: they share most of
// their packages, which are so compiled, linked and loaded once. The first argument names the program.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	stagecrd "sigs.k8s.io/kwok/kustomize/crd"
	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: kubeplane PROGRAM [flags]")
		os.Exit(2)
	}
	os.Args = os.Args[1:]
	os.Exit(run(os.Args[0]))
}

func run(program string) int {
	switch program {
	case "etcd":
		etcdmain.Main(os.Args)
		return 0
	case "kube-apiserver":
		return cli.Run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		return cli.Run(controllers.NewControllerManagerCommand())
	case "kube-scheduler":
		return cli.Run(scheduler.NewSchedulerCommand())
	case "kubectl":
		kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
		return 0
	case "kwok":
		return runKwok()
	case "kwok-crds": // prints the custom resource of kwok's stages
		fmt.Print(string(stagecrd.Stage))
		return 0
	case "kwok-node-stages": // prints how a simulated node becomes ready and sends heartbeats
		fmt.Print("---\n", nodestages.DefaultNodeInit, "\n---\n", heartbeat.DefaultNodeHeartbeatWithLease, "\n")
		return 0
	}
	fmt.Fprintf(os.Stderr, "kubeplane: there is no program %q\n", program)
	return 2
}

// runKwok reads the flags that kwok's own main reads before it makes the command.
func runKwok() int {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, logger := kwoklog.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		logger.Error("read the configuration", "err", err)
		return 1
	}
	command := kwok.NewCommand(ctx)
	command.Version = "" // its --version would clash with Kubernetes' own flag of another type
	command.PersistentFlags().AddFlagSet(flags)
	if err := command.ExecuteContext(ctx); err != nil {
		logger.Error("kwok", "err", err)
		return 1
	}
	return 0
}
