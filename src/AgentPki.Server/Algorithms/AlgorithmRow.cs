namespace AgentPki.Server.Algorithms;

/// <summary>What one provider can do here and now with one algorithm.</summary>
/// <param name="Algorithm">The key algorithm's name.</param>
/// <param name="NistLevel">1 to 5; 0 for what a quantum computer breaks.</param>
/// <param name="Provider">The provider's name; empty where none has the algorithm.</param>
/// <param name="Token">The label of the token that would keep the key; empty for software.</param>
/// <param name="Level">How the provider would keep a key; empty where it makes none.</param>
/// <param name="Does"><c>generate</c>, <c>sign</c>, <c>verify</c>, <c>encapsulate</c>, <c>decapsulate</c>.</param>
/// <param name="Serves">What this provider is taken for, before all others: <c>ca</c>, <c>ocsp</c>, <c>crl</c>, <c>cms</c>, <c>tls</c>, <c>subject</c>, <c>serverkeygen</c>.</param>
/// <param name="Remark">Why something cannot be done here; empty when there is nothing to say.</param>
public sealed record AlgorithmRow(
    string Algorithm, int NistLevel, string Provider, string Token, string Level, IReadOnlyList<string> Does, IReadOnlyList<string> Serves, string Remark);
