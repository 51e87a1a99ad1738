package realstack

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// minJava is the oldest Java release that Kafka 4 and Apicurio Registry 3 run on.
const minJava = 17

// Available reports whether this machine can fetch and run the servers. The error names everything that is missing and
// how to get it.
func Available(ctx context.Context) error {
	if !supported {
		return fmt.Errorf("start servers: not supported on %s, only on Unix systems", runtime.GOOS)
	}
	return missing(exec.LookPath, func(java string) (string, error) {
		out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
		return string(out), err
	})
}

// missing is Available with the machine as arguments: look finds a program on PATH, version runs `java -version`.
func missing(look func(string) (string, error), version func(java string) (string, error)) error {
	var errs []error
	if java, err := look("java"); err != nil {
		errs = append(errs, fmt.Errorf("no java on PATH: install a Java runtime, release %d or later (Debian: default-jdk-headless, macOS: openjdk)", minJava))
	} else if err := checkJava(java, version); err != nil {
		errs = append(errs, err)
	}
	if _, err := look("mvn"); err != nil {
		errs = append(errs, errors.New("no mvn on PATH: install Apache Maven (Debian and macOS: maven)"))
	}
	return errors.Join(errs...)
}

func checkJava(java string, version func(string) (string, error)) error {
	out, err := version(java)
	if err != nil { // macOS has a java that does nothing but say that there is no Java
		return fmt.Errorf("run %s -version: %w: %s", java, err, strings.TrimSpace(out))
	}
	release, err := javaRelease(out)
	if err != nil {
		return fmt.Errorf("run %s -version: %w", java, err)
	}
	if release < minJava {
		return fmt.Errorf("%s is release %d: release %d or later is needed", java, release, minJava)
	}
	return nil
}

var javaVersion = regexp.MustCompile(`version "(?:1\.)?(\d+)`)

// javaRelease takes the release out of the answer of `java -version`: 17 from "17.0.15", 8 from "1.8.0_392".
func javaRelease(answer string) (int, error) {
	m := javaVersion.FindStringSubmatch(answer)
	if m == nil {
		return 0, fmt.Errorf("find version in %q", answer)
	}
	return strconv.Atoi(m[1])
}
