namespace AgentPki.Integration.Harness;

/// <summary>The verbs that tests use, each one call of the real executable against the home of one appliance.</summary>
internal sealed class ApplianceCli(Appliance appliance)
{
    public async Task<ToolResult> RunAsync(params string[] arguments)
    {
        var start = appliance.Command(arguments);
        return await Tool.RunAsync(start.FileName, start.ArgumentList, folder: start.WorkingDirectory, environment: start.Environment
            .Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!));
    }
}
