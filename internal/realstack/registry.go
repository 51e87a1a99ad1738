package realstack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// RegistryOptions says how a registry is started.
type RegistryOptions struct {
	// Dir is where the registry's folder is made; default is the system's folder for temporary files.
	Dir string
	// StartTimeout is how long a start may take; default 2 min.
	StartTimeout time.Duration
}

// Registry is one real schema registry, Apicurio Registry with its Confluent-compatible API. Its schemas are kept in a
// file, so they outlive Restart. URL may be called concurrently; Kill, Stop, Restart and Close are called by one
// goroutine at a time.
type Registry struct {
	software Software
	options  RegistryOptions
	folder   *folder
	port     int
	process  *process
}

// StartRegistry starts an empty registry and returns when it answers. The caller closes it. ctx ends the waiting, not
// the registry.
func StartRegistry(ctx context.Context, software Software, options RegistryOptions) (*Registry, error) {
	if options.StartTimeout == 0 {
		options.StartTimeout = 2 * time.Minute
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	f, err := newFolder(options.Dir)
	if err != nil {
		return nil, err
	}
	r := &Registry{software: software, options: options, folder: f, port: ports[0]}
	if err := r.start(ctx); err != nil {
		_ = f.remove()
		return nil, err
	}
	return r, nil
}

func (r *Registry) start(ctx context.Context) error {
	p, err := startProcess(r.folder.file("server.log"), "java",
		"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dquarkus.http.host=127.0.0.1",
		"-Dquarkus.http.port="+strconv.Itoa(r.port),
		"-Dquarkus.http.access-log.enabled=false",
		"-Dquarkus.log.level=WARN",
		`-Dquarkus.log.category."io.apicurio".level=WARN`,
		"-Dapicurio.storage.kind=sql",
		"-Dapicurio.storage.sql.kind=h2",
		// Without a write delay, because what was acknowledged must be there after Kill.
		"-Dapicurio.datasource.url=jdbc:h2:file:"+r.folder.file("data")+";WRITE_DELAY=0",
		"-jar", r.software.RegistryJar)
	if err != nil {
		return fmt.Errorf("start registry: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.StartTimeout)
	defer cancel()
	if err := p.await(ctx, r.ready); err != nil {
		p.kill()
		return fmt.Errorf("start registry: %w", err)
	}
	r.process = p
	return nil
}

func (r *Registry) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL()+"/subjects", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy, nothing kept open
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", req.URL, resp.Status)
	}
	return nil
}

// URL is the root of the Confluent-compatible API; it carries a path.
func (r *Registry) URL() string { return "http://" + loopback(r.port) + "/apis/ccompat/v7" }

// LogTail is the end of what the registry wrote, warnings and errors.
func (r *Registry) LogTail() string { return r.process.logTail() }

// PID is the process id of the running registry.
func (r *Registry) PID() int { return r.process.cmd.Process.Pid }

// Kill ends the registry as kill -9 does. Schemas stay for Restart. It returns when the process has ended.
func (r *Registry) Kill() { r.process.kill() }

// Stop asks the registry to end and returns when it has. Schemas stay for Restart. A registry that does not end within
// 30 s, or before ctx, is killed, and the error says so.
func (r *Registry) Stop(ctx context.Context) error { return r.process.stop(ctx, 30*time.Second) }

// Restart starts the registry again on its port and data, after Kill or Stop; one that runs is stopped first. It
// returns when the registry answers.
func (r *Registry) Restart(ctx context.Context) error {
	if r.process.running() {
		if err := r.Stop(ctx); err != nil {
			return err
		}
	}
	return r.start(ctx)
}

// Close kills the registry and removes its data.
func (r *Registry) Close() error {
	r.process.kill()
	return r.folder.remove()
}
