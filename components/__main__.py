"""Serves the plugin from its folder: `pulumi package add ./components`, or `plugins.providers` with `path: components`."""

from modeldeploy.plugin import main

if __name__ == "__main__":
    main()
