"""Runs the manifest beside it as Airbyte runs a source: its messages go to the standard output."""
import sys

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource

args = sys.argv[1:]
source = YamlDeclarativeSource(
    path_to_yaml="airbyte_manifest.yaml",
    catalog=YamlDeclarativeSource.read_catalog(AirbyteEntrypoint.extract_catalog(args)),
    config=YamlDeclarativeSource.read_config(AirbyteEntrypoint.extract_config(args)),
    state=None,
)
launch(source, args)
