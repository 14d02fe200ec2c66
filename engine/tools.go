//go:build tools

// Package engine names what the build needs, so that go.mod and go.sum cover it.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
