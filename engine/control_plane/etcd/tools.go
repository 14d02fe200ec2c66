//go:build tools

// Package etcd names what the build needs, so that go.mod and go.sum cover it.
package etcd

import _ "go.etcd.io/etcd/server/v3"
