using Xunit;

[assembly: AssemblyFixture(typeof(AgentPki.Pkcs11.Tests.NssFixture))]

namespace AgentPki.Pkcs11.Tests;

/// <summary>NSS: a second token, quite different from SoftHSM.</summary>
public sealed class NssFixture() : UnpackedToken("nss", "NSS Certificate DB");
