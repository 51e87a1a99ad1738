package realstack

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

// maven downloads with the user's mvn, driven by projects that exist only for the call.
type maven struct{ mvn string }

func newMaven() (*maven, error) {
	path, err := exec.LookPath("mvn")
	if err != nil {
		return nil, err
	}
	return &maven{mvn: path}, nil
}

// kafka fills dir with Kafka's jars and all that they need. Of the logging backends it takes slf4j-simple, which
// writes to stderr: a broker that does not start then says why.
func (m *maven) kafka(ctx context.Context, dir string) error {
	return m.inProject(ctx, dir, project("", `
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>`+KafkaVersion+`</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>`+KafkaVersion+`</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>`), "copy-dependencies", "-DoutputDirectory="+dir)
}

// Jars fills dir with the jars that a Maven project depends on and all that they need. pom is the project's POM.
func Jars(ctx context.Context, pom, dir string) error {
	m, err := newMaven()
	if err != nil {
		return err
	}
	return m.inProject(ctx, dir, pom, "copy-dependencies", "-DoutputDirectory="+dir)
}

// registry fills dir with what Apicurio Registry's archive holds.
func (m *maven) registry(ctx context.Context, dir string) error {
	archive, err := os.MkdirTemp(filepath.Dir(dir), ".partial-*")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(archive)
	err = m.inProject(ctx, archive, project(`
  <repositories><repository><id>parent-pom</id><url>file://${basedir}/parent</url></repository></repositories>`, ""),
		"copy", "-DoutputDirectory="+archive, "-Dartifact=io.apicurio:apicurio-registry-app:"+RegistryVersion+":tar.gz:all")
	if err != nil {
		return err
	}
	return untar(filepath.Join(archive, "apicurio-registry-app-"+RegistryVersion+"-all.tar.gz"), dir)
}

// inProject runs one goal of the dependency plugin in a project of its own.
func (m *maven) inProject(ctx context.Context, near, pom, goal string, args ...string) error {
	dir, err := os.MkdirTemp(filepath.Dir(near), ".partial-*")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(pom), 0o644); err != nil {
		return err
	}
	if err := writeParent(filepath.Join(dir, "parent")); err != nil {
		return err
	}
	// -U: a failure that Maven remembers in the local repository is tried again. -C: a wrong checksum is an error.
	cmd := exec.CommandContext(ctx, m.mvn, append([]string{"-B", "-q", "-U", "-C", dependencyPlugin + ":" + goal}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run mvn dependency:%s: %w\n%s", goal, err, tail(string(out)))
	}
	return nil
}

// writeParent makes a file repository with the parent POM that Apicurio Registry's POM names. It was never published
// to Maven Central, and without it Maven refuses the artifact. Nothing is taken from it but its existence.
func writeParent(repository string) error {
	dir := filepath.Join(repository, "io", "apicurio", "apicurio-registry", RegistryVersion)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	pom := pomOf("io.apicurio", "apicurio-registry", RegistryVersion, "")
	sum := sha1.Sum([]byte(pom)) // what Maven checks; it protects against nothing here
	path := filepath.Join(dir, "apicurio-registry-"+RegistryVersion+".pom")
	if err := os.WriteFile(path, []byte(pom), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path+".sha1", []byte(hex.EncodeToString(sum[:])), 0o644)
}

func project(repositories, dependencies string) string {
	return pomOf("headwater", "realstack", "1", repositories+dependencies)
}

func pomOf(group, artifact, version, body string) string {
	return strings.Join([]string{
		`<project xmlns="http://maven.apache.org/POM/4.0.0">`,
		`  <modelVersion>4.0.0</modelVersion>`,
		`  <groupId>` + group + `</groupId><artifactId>` + artifact + `</artifactId><version>` + version + `</version><packaging>pom</packaging>` + body,
		`</project>`, "",
	}, "\n")
}
