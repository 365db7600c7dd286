namespace AgentPki.Integration.Harness;

/// <summary>The verbs that tests use, each one call of the real executable against the home of one appliance.</summary>
internal sealed class ApplianceCli(Appliance appliance)
{
    /// <summary>The whole ledger, offline: leaves, tree, checkpoints.</summary>
    public Task<ToolResult> VerifyAuditAsync() => RunAsync("audit", "verify");

    /// <summary>Says yes to the parked request that names this.</summary>
    public Task ApproveAsync(string name) => DecideAsync(name, "approve");

    /// <summary>Says no to the parked request that names this.</summary>
    public Task DenyAsync(string name) => DecideAsync(name, "deny");

    /// <summary>Makes a credential, for one use unless the options say otherwise; returns <c>name:secret</c>.</summary>
    public async Task<string> NewCredentialAsync(params string[] options)
    {
        var made = (await RunAsync(["credential", "new", "--owner", "tests", .. options])).MustSucceed().Text;
        return made.Split('\n').Select(line => line.Trim()).Single(line => line.Contains(':', StringComparison.Ordinal) && !line.Contains(' ', StringComparison.Ordinal));
    }

    /// <summary>Revokes one certificate by its serial number.</summary>
    public async Task RevokeAsync(string serial, string reason = "keyCompromise") =>
        (await RunAsync("revoke", serial, "--reason", reason)).MustSucceed();

    public Task<ToolResult> RunAsync(params string[] arguments) => RunWithAsync(new Dictionary<string, string>(), arguments);

    /// <summary>With lines that are typed into it.</summary>
    public Task<ToolResult> TypeAsync(IReadOnlyList<string> lines, params string[] arguments) => TypeWithAsync(new Dictionary<string, string>(), lines, arguments);

    /// <summary>With variables and lines that are typed into it.</summary>
    public async Task<ToolResult> TypeWithAsync(IReadOnlyDictionary<string, string> variables, IReadOnlyList<string> lines, params string[] arguments)
    {
        var start = appliance.Command(arguments, variables);
        return await Tool.RunAsync(
            start.FileName,
            start.ArgumentList,
            System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))),
            start.WorkingDirectory,
            start.Environment.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!),
            TimeSpan.FromMinutes(5));
    }

    /// <summary>With variables that go before the appliance's own: another home, other ports.</summary>
    public async Task<ToolResult> RunWithAsync(IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        var start = appliance.Command(arguments, variables);
        return await Tool.RunAsync(start.FileName, start.ArgumentList, folder: start.WorkingDirectory, environment: start.Environment
            .Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!));
    }

    private async Task DecideAsync(string name, string decision)
    {
        var listed = (await RunAsync("approval", "list")).MustSucceed().Text;
        var line = listed.Split('\n').Single(candidate => candidate.Contains(name, StringComparison.Ordinal));
        var id = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).First(word => word.Length == 32 && word.All(char.IsAsciiHexDigitLower));
        (await RunAsync("approval", decision, id)).MustSucceed();
    }
}
