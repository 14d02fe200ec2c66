"""The policy pack: rules for infrastructure around deployed models, for any Pulumi program."""
