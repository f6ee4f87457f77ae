#!/usr/bin/env bash
# The Azure CLI: the words of `--output tsv` depend on what stands beside them, and `az account show` knows no sign-in.
#
# Versions: azure-cli 2.91.0
# Guess: a value is written in one way; null is nothing, or one word; a tab or a line break in a value is escaped. And
#   `az account show` fails where no token can be had, as scripts use it to find out whether somebody is signed in.
# Seen: true alone, and in a list, is `true`; in an object, or a row of a list of lists, it is Python's `True`. null alone is
#   nothing at all, in a list `None`, as a text "None" would be. A tab in a value is a column more, a line break a row more.
#   `az account show` reads azureProfile.json and exits 0, years after the last token is gone; get-access-token exits 1.
# For the archive: infra/before-deployment asks for one text a line, and for a token before it asks for anything else: else
#   a sign-in of last year made it say that no provider is registered and that no region has Flex Consumption.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-cli==2.91.0
export AZURE_CONFIG_DIR=$folder/config AZURE_CORE_COLLECT_TELEMETRY=no
export HTTPS_PROXY=http://127.0.0.1:9 # nothing is asked of Azure
mkdir config
cat >config/azureProfile.json <<'END'
{"subscriptions": [{"id": "33333333-3333-3333-3333-333333333333", "name": "Production", "state": "Enabled",
  "user": {"name": "ann@contoso.com", "type": "user"}, "isDefault": true, "environmentName": "AzureCloud",
  "tenantId": "22222222-2222-2222-2222-222222222222"}]}
END

ask() {
    printf '%s: ' "$1"
    venv/bin/az cloud show --name AzureCloud --output tsv --query "$1" | cat -A
    echo
}
{
    ask 'isActive'
    ask '[isActive]'
    ask '{active: isActive}'
    ask '[[name, isActive]]'
    ask 'missing'
    ask '[name, missing]'
    ask "['None']"
    ask "{a: 'one	two', b: 'three'}"
    ask "{a: 'one
two'}"
    venv/bin/az account show --query user.name --output tsv && echo 'account show: 0'
    venv/bin/az account get-access-token >token 2>&1 || echo "get-access-token: $?"
} | tee seen

cat >expected <<'END'
isActive: true$

[isActive]: true$

{active: isActive}: True$

[[name, isActive]]: AzureCloud^ITrue$

missing: 
[name, missing]: AzureCloud$
None$

['None']: None$

{a: 'one	two', b: 'three'}: one^Itwo^Ithree$

{a: 'one
two'}: one$
two$

ann@contoso.com
account show: 0
get-access-token: 1
END
diff expected seen
echo 'As it was written down.'
