"""Runs inside Azure ML: asks a batch endpoint to score a folder, with the identity of the machine that it runs on.

Azure ML's schedules start jobs; this is the job. It needs nothing but Python, because it runs in the image of the model.
Token: https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication, as `azure.identity` gets it on Azure ML.
Request: https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments.
"""

import json
import os
import time
import urllib.parse
import urllib.request

SECONDS = 60


def token() -> str:
    """A token for Azure ML, from the machine's own identity endpoint."""
    query = urllib.parse.urlencode({"resource": "https://ml.azure.com", "api-version": "2017-09-01", "clientid": os.environ["AZURE_CLIENT_ID"]})
    request = urllib.request.Request(f"{os.environ['MSI_ENDPOINT']}?{query}", headers={"secret": os.environ.get("MSI_SECRET", "")})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["access_token"])


def start() -> str:
    """Starts a run; its name."""
    folder = f"{os.environ['BATCH_OUTPUT']}/{time.strftime('%Y-%m-%dT%H-%M-%SZ', time.gmtime())}"
    body = {
        "properties": {
            "InputData": {"input": {"JobInputType": "UriFolder", "Uri": os.environ["BATCH_INPUT"]}},
            "OutputData": {"score": {"JobOutputType": "UriFolder", "Uri": folder}},
        }
    }
    request = urllib.request.Request(
        os.environ["BATCH_ENDPOINT"],
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token()}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["name"])


if __name__ == "__main__":
    print(f"started {start()}")
