using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11.Wrapped;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Pkcs11.Tests.Wrapped;

/// <summary>A folder of wrapped keys for one test, over a wrapper without a token.</summary>
public abstract class WrappedFolderFixture : IDisposable
{
    private protected static readonly CryptoProviders Software = new(new PlatformProvider(), new BouncyCastleProvider());

    private protected static readonly byte[] Message = "the message"u8.ToArray();

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("agentpki-wrapped-").FullName;

    private protected FakeWrapper Wrapper { get; } = new();

    private protected FakeTimeProvider Clock { get; } = new();

    private protected TokenWrappedProvider Provider => With(Wrapper);

    private protected TokenWrappedProvider With(IKeyWrapper wrapper, TimeSpan keep = default) =>
        new(wrapper, new PlatformProvider(), new() { Folder = Path.Combine(Folder, "keys"), KeepUnwrapped = keep, OfferWhatTheTokenHas = true }, Clock);

    private protected string FileOf(string label) => Path.Combine(Folder, "keys", label + ".key");

    private protected async Task<ISigningKey> MakeAsync(string label, KeyPurpose purpose = KeyPurpose.CertificateAuthority) =>
        await Provider.GenerateAsync(new(label, KeyAlgorithm.MlDsa44, purpose), default);

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
