namespace AgentPki.Integration.Acme;

/// <summary>Real clients, one after the other: each of them listens on the ports where the appliance looks.</summary>
[CollectionDefinition(Name)]
public sealed class AcmeClientCollection
{
    public const string Name = "ACME clients";
}
