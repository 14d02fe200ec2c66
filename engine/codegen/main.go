// Writes Python: the part of the language host that exists only as Go packages of the Pulumi CLI.
//
// Our language host (engine/language_host) calls it for `pulumi package add`, `pulumi package gen-sdk`, `pulumi import` and
// `pulumi convert`. The request comes on standard input and the response leaves on standard output, both as the protocol
// buffers that the engine exchanges with a language host, so that nothing has to be translated in between.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"google.golang.org/protobuf/proto"

	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// The name that generated files carry as their author; the official host's, so that both generate the same text.
const tool = "pulumi-language-python"

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: pulumi-python-codegen package|program|project <request >response")
	}
	request, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	var response proto.Message
	switch args[0] {
	case "package":
		response, err = generatePackage(request)
	case "program":
		response, err = generateProgram(request)
	case "project":
		response, err = generateProject(request)
	default:
		return fmt.Errorf("unknown kind %q: use package, program or project", args[0])
	}
	if err != nil {
		return err
	}
	bytes, err := proto.Marshal(response)
	if err != nil {
		return err
	}
	_, err = out.Write(bytes)
	return err
}

func generatePackage(bytes []byte) (proto.Message, error) {
	var request pulumirpc.GeneratePackageRequest
	if err := proto.Unmarshal(bytes, &request); err != nil {
		return nil, err
	}
	loader, err := schema.NewLoaderClient(request.LoaderTarget)
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	cached := schema.NewCachedLoader(loader)

	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(request.Schema), &spec); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, cached, schema.ValidationOptions{AllowDanglingReferences: true})
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GeneratePackageResponse{Diagnostics: plugin.HclDiagnosticsToRPCDiagnostics(diagnostics)}
	if diagnostics.HasErrors() {
		return response, nil
	}
	files, err := python.GeneratePackage(tool, pkg, request.ExtraFiles, cached)
	if err != nil {
		return nil, err
	}
	return response, write(request.Directory, files)
}

func generateProgram(bytes []byte) (proto.Message, error) {
	var request pulumirpc.GenerateProgramRequest
	if err := proto.Unmarshal(bytes, &request); err != nil {
		return nil, err
	}
	// The binder reads a directory, so the sources go into one.
	directory, err := os.MkdirTemp("", "pulumi-python-codegen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	sources := map[string][]byte{}
	for name, text := range request.Source {
		sources[name] = []byte(text)
	}
	if err := write(directory, sources); err != nil {
		return nil, err
	}
	program, diagnostics, err := bind(directory, request.LoaderTarget, request.Strict)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GenerateProgramResponse{}
	if program != nil && !diagnostics.HasErrors() {
		files, more, err := python.GenerateProgram(program)
		if err != nil {
			return nil, err
		}
		response.Source = files
		diagnostics = append(diagnostics, more...)
	}
	response.Diagnostics = plugin.HclDiagnosticsToRPCDiagnostics(diagnostics)
	return response, nil
}

func generateProject(bytes []byte) (proto.Message, error) {
	var request pulumirpc.GenerateProjectRequest
	if err := proto.Unmarshal(bytes, &request); err != nil {
		return nil, err
	}
	program, diagnostics, err := bind(request.SourceDirectory, request.LoaderTarget, request.Strict)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GenerateProjectResponse{Diagnostics: plugin.HclDiagnosticsToRPCDiagnostics(diagnostics)}
	if program == nil || diagnostics.HasErrors() {
		return response, nil
	}
	var project workspace.Project
	if err := json.Unmarshal([]byte(request.Project), &project); err != nil {
		return nil, fmt.Errorf("read the project: %w", err)
	}
	return response, python.GenerateProject(
		request.TargetDirectory, project, program, request.LocalDependencies, "" /* typechecker */, "" /* toolchain */)
}

// bind reads the .pp files of a directory and resolves what they name through the engine's schema loader.
func bind(directory, loaderTarget string, strict bool) (*pcl.Program, hcl.Diagnostics, error) {
	loader, err := schema.NewLoaderClient(loaderTarget)
	if err != nil {
		return nil, nil, err
	}
	// Not closed: a program may load more schemas while it is being written out, and this process ends right after that.
	options := []pcl.BindOption{pcl.PreferOutputVersionedInvokes}
	if !strict {
		options = append(options, pcl.NonStrictBindOptions()...)
	}
	return pcl.BindDirectory(directory, schema.NewCachedLoader(loader), options...)
}

func write(directory string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
