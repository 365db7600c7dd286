namespace AgentPki.Integration.BadInput;

/// <summary>The whole table, by name.</summary>
internal static class HostileTable
{
    public static IReadOnlyDictionary<string, HostileCase> Cases { get; } =
        new[] { FramingCases.All, DerCases.All, KeyCases.All, PostQuantumCases.All, NameCases.All, RequesterCases.All, OtherOperationCases.All }
            .SelectMany(cases => cases).ToDictionary(hostile => hostile.Name);
}
