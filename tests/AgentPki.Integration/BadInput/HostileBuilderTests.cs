using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>
/// The builders of hostile requests are right where they should be: openssl verifies their proof of possession, so a refusal is for the
/// flaw that the table names and not for a slip of the builder.
/// </summary>
public sealed class HostileBuilderTests : IDisposable
{
    private static readonly Dictionary<string, Func<RawCsr>> Builders = new()
    {
        ["nothing spoiled"] = () => RawCsr.New(),
        ["one more extension"] = () => RawCsr.New().With(Der.Extension("2.5.29.19", true, Der.Sequence(Der.Boolean(true)))),
        ["RSA of 1024 bits"] = () => WeakRsa.Bits1024.Value.Request(),
        ["RSA with exponent 3"] = () => WeakRsa.ExponentThree.Value.Request(),
        ["RSA with close primes"] = () => WeakRsa.ClosePrimes.Value.Request(),
        ["RSA with a small factor"] = () => WeakRsa.SmallFactor.Value.Request(),
        ["RSA of the ROCA shape"] = () => WeakRsa.Roca.Value.Request(),
    };

    private readonly TempFolder folder = new();

    public static TheoryData<string> Names() => [.. Builders.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Request_FromABuilder_IsVerifiedByOpenSsl(string name)
    {
        await File.WriteAllBytesAsync(folder.File("csr"), Builders[name]().Encode());
        var result = (await OpenSsl.RunAsync(folder, "req", "-verify", "-noout", "-inform", "DER", "-in", folder.File("csr"))).MustSucceed();
        Assert.Contains("verify OK", result.Error + result.Text, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
