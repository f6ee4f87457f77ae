# What the scripts here say: each sentence has a name in sentences.txt, and {} in it stands for a value.
$sentences = @{}
foreach ($line in Get-Content (Join-Path $PSScriptRoot 'sentences.txt')) {
    $name, $sentence = $line -split ': ', 2
    $sentences[$name] = $sentence
}

function Say([string] $name, [string] $value) {
    [Console]::Error.WriteLine($sentences[$name].Replace('{}', $value))
}

function Ask {
    (az @args --only-show-errors 2>$null | Out-String).Trim()
}

function Get-Lines([string] $text) {
    $text -split "`r?`n"
}
