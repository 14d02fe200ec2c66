//go:build tools

// Package kubernetes names what the build needs, so that go.mod and go.sum cover it.
package kubernetes

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
